/** Has the person confirm the permission rules of a new session that allow something. */
import { Effect, Option, Predicate, Schema } from "effect"
import { Call } from "../../mcp/Call.ts"
import type { PermissionRule } from "../../opencode/sessions/PermissionRule.ts"
import { line } from "../../text/plainText.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"

export const ruleText = ({ action, pattern, permission }: PermissionRule): string =>
  line(`${action} ${permission} ${pattern}`, 200)

export const allowing = (rules: ReadonlyArray<PermissionRule>) => rules.filter(({ action }) => action === "allow")

const allow = "allow"

const Form = Schema.Struct({
  decision: Schema.Union([
    Schema.Literal(allow).annotate({ title: "allow: create the session with these rules" }),
    Schema.Literal("refuse").annotate({ title: "refuse: create nothing" }),
  ]).annotate({ title: "Decision" }),
})

const isAllowed = (content: unknown) => Predicate.hasProperty(content, "decision") && content.decision === allow

/** Rules shown in the form. */
const maxShown = 30

interface NewSession {
  readonly instance: string
  readonly directory: string | undefined
  readonly rules: ReadonlyArray<PermissionRule>
}

const messageOf = ({ directory, instance }: NewSession, rules: ReadonlyArray<PermissionRule>) => {
  const more = rules.length > maxShown ? [`… and ${rules.length - maxShown} more`] : []
  return [
    `A new session on ${line(instance, 100)}${directory === undefined ? "" : ` in ${line(directory, 200)}`} shall be allowed, without asking you:`,
    ...rules.slice(0, maxShown).map((rule) => `• ${line(`${rule.permission}: ${rule.pattern}`, 200)}`),
    ...more,
  ].join("\n")
}

const notAllowed = (rules: ReadonlyArray<PermissionRule>, detail: string) =>
  new InvalidParameter({ parameter: "permissions", value: rules.map(ruleText).join(", "), detail })

/**
 * Fails unless the person allows the rules. Returns false if no person was asked although the rules allow something, because the
 * client cannot show a form: the answer says so and names the rules.
 */
export const confirmRules = Effect.fnUntraced(function* (session: NewSession) {
  const call = yield* Call
  const rules = allowing(session.rules)
  const state = JSON.stringify(["create_session", session.instance, session.directory, session.rules])
  if (Option.isSome(call.resumed) && call.resumed.value.state !== state) {
    return yield* new InvalidParameter({
      parameter: "requestState",
      value: call.resumed.value.state,
      detail: "the reply belongs to another call. Nothing was created",
    })
  }
  if (rules.length === 0) return true
  if (call.mayDecide === false) {
    return yield* notAllowed(rules, "this caller may not decide what an agent does without asking. Nothing was created")
  }
  if (!call.canAsk && Option.isNone(call.resumed)) return false
  const reply = yield* Option.match(call.resumed, {
    onSome: ({ reply }) => Effect.succeed(reply),
    onNone: () => call.ask({ message: messageOf(session, rules), form: Form, state }),
  })
  if (reply.action === "accept" && isAllowed(reply.content)) return true
  return yield* notAllowed(rules, "the person did not allow it. Nothing was created")
})
