/** A tracer that writes each span to stderr when it ends, as a line of JSON. */
import { Cause, Option, Schema, Tracer } from "effect"

export const ReportedSpan = Schema.fromJsonString(
  Schema.Struct({
    span: Schema.String,
    kind: Schema.String,
    traceId: Schema.String,
    spanId: Schema.String,
    parent: Schema.optionalKey(Schema.String),
    attributes: Schema.Record(Schema.String, Schema.Unknown),
    /** Pretty-printed cause of a failed span. */
    failure: Schema.optionalKey(Schema.String),
  }),
)

class ReportedSpanImpl extends Tracer.NativeSpan {
  override end(endTime: bigint, exit: Parameters<Tracer.NativeSpan["end"]>[1]): void {
    super.end(endTime, exit)
    const line: typeof ReportedSpan.Type = {
      span: this.name,
      kind: this.kind,
      traceId: this.traceId,
      spanId: this.spanId,
      ...Option.match(this.parent, { onNone: () => ({}), onSome: ({ spanId }) => ({ parent: spanId }) }),
      attributes: Object.fromEntries(this.attributes),
      ...(exit._tag === "Failure" ? { failure: Cause.pretty(exit.cause) } : {}),
    }
    process.stderr.write(`${JSON.stringify(line)}\n`)
  }
}

export const reportedSpans = Tracer.make({ span: (options) => new ReportedSpanImpl(options) })
