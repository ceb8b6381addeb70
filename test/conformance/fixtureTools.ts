/** The tools that the conformance suite calls by name, as an Effect Toolkit. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { LongRunning } from "../../src/mcp/Call.ts"

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
const wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=="

const Said = Schema.Struct({ text: Schema.String })
const asText = ({ text }: typeof Said.Type) => [Prompt.textPart({ text })]

export class Failed extends Schema.TaggedError<Failed>()("Failed", { why: Schema.String }) {
  override get message() {
    return this.why
  }
}

const tool = <const Name extends string, Parameters extends Schema.Constraint = typeof Tool.EmptyParams>(
  name: Name,
  parameters?: Parameters,
) =>
  Tool.make(name, {
    description: `Fixture ${name}`,
    ...(parameters === undefined ? {} : { parameters }),
    success: Said,
    failure: Failed,
    toModelOutput: asText,
  })

const content = <const Name extends string>(name: Name, parts: ReadonlyArray<Prompt.ToolModelOutputPart>) =>
  Tool.make(name, { description: `Fixture ${name}`, success: Said, toModelOutput: () => parts })

/** Keywords of JSON Schema that Effect has no word for. */
const JsonSchema = Tool.dynamic("json_schema_2020_12_tool", {
  description: "Tool with JSON Schema 2020-12 features",
  parameters: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: {
      address: {
        $anchor: "addressDef",
        type: "object",
        properties: { street: { type: "string" }, city: { type: "string" } },
      },
    },
    properties: {
      name: { type: "string" },
      address: { $ref: "#/$defs/address" },
      contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" },
      email: { type: "string" },
    },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false,
  },
  success: Said,
  toModelOutput: asText,
})

export const Fixtures = Toolkit.make(
  tool("test_simple_text"),
  content("test_image_content", [Prompt.filePart({ mediaType: "image/png", data: png })]),
  content("test_audio_content", [Prompt.filePart({ mediaType: "audio/wav", data: wav })]),
  content("test_embedded_resource", [
    Prompt.filePart({
      mediaType: "text/plain",
      fileName: "test://embedded-resource",
      data: btoa("This is an embedded resource content."),
    }),
  ]),
  content("test_multiple_content_types", [
    Prompt.textPart({ text: "Multiple content types test:" }),
    Prompt.filePart({ mediaType: "image/png", data: png }),
    Prompt.filePart({
      mediaType: "application/json",
      fileName: "test://mixed-content-resource",
      data: btoa('{"test":"data","value":123}'),
    }),
  ]),
  tool("test_error_handling"),
  tool("test_tool_with_progress"),
  tool("test_tool_with_logging"),
  tool("test_logging_tool"),
  tool("test_reconnection"),
  tool("test_elicitation", Schema.Struct({ message: Schema.String })),
  tool("test_elicitation_sep1034_defaults"),
  tool("test_elicitation_sep1330_enums"),
  tool("test_streaming_elicitation"),
  JsonSchema,
  tool("test_input_required_result_elicitation"),
  tool("test_input_required_result_request_state"),
  tool("test_input_required_result_multi_round"),
  tool("test_input_required_result_tampered_state"),
  tool("test_input_required_result_capabilities"),
  tool("greet", Schema.Struct({ name: Schema.String })),
  tool("slow_compute", Schema.Struct({ seconds: Schema.Finite, label: Schema.optionalKey(Schema.String) })).annotate(
    LongRunning,
    true,
  ),
  tool("failing_job").annotate(LongRunning, true),
  tool("protocol_error_job").annotate(LongRunning, true),
  tool("confirm_delete", Schema.Struct({ filename: Schema.String })).annotate(LongRunning, true),
  tool("multi_input").annotate(LongRunning, true),
  tool("test_tool_with_task").annotate(LongRunning, true),
)
