/** The handler of describe_instance. */
import { Array, Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import type { Instance } from "../../fleet/Instance.ts"
import { type Described, OpencodeClient } from "../../opencode/Opencode.ts"
import type { Target } from "../../opencode/Target.ts"
import { DirectoryNotFound } from "../../opencode/errors.ts"
import { whileNamesSettle } from "../../opencode/namesWith.ts"
import { line } from "../../text/plainText.ts"
import { sessionDirectory } from "../sessions/sessionDirectory.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import { pageOf } from "../shared/page.ts"
import { unreadableView } from "../shared/unreadable.ts"
import type { DescribeInstance } from "./DescribeTools.ts"
import { DescribeTools } from "./DescribeTools.ts"

const described = ({ description, name }: Described): Described => ({
  name: line(name, 100),
  ...(description === undefined ? {} : { description: line(description, 150) }),
})

export const describeHandlers = Effect.gen(function* () {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient

  const describe = Effect.fnUntraced(function* (
    target: Target,
    { directory: announced, health: { version } }: Instance,
    { directory: given, offset = 0 }: typeof DescribeInstance.parametersSchema.Type,
  ) {
    const opencode = client.at(target)
    const chosen = yield* sessionDirectory(target.instance, opencode, given, announced)
    if (given !== undefined && chosen !== undefined && !(yield* opencode.hasDirectory(chosen))) {
      return yield* new DirectoryNotFound({ instance: target.instance, directory: chosen })
    }
    const directory = chosen ?? (yield* opencode.directory)
    const {
      result: { agents, commands, defaultModel, models, projects },
      unreadable,
    } = yield* whileNamesSettle(
      countingUnreadable(
        Effect.all(
          {
            agents: opencode.describedAgents(directory),
            commands: opencode.commands(directory),
            defaultModel: opencode.defaultModel(directory),
            models: opencode.models(directory),
            projects: opencode.projects,
          },
          { concurrency: "unbounded" },
        ),
      ),
      ({ result: { agents, models } }) => agents.length > 0 && models.length > 0,
      opencode.capabilities,
    )
    const first = models.filter((model) => model === defaultModel)
    const sorted = Array.dedupe([...first, ...models.toSorted()])
    const shown = sorted.slice(offset)
    return {
      instance: target.instance,
      ...(version === undefined ? {} : { version }),
      directory: line(directory),
      agents: agents.map(described),
      ...(defaultModel === undefined ? {} : { default_model: line(defaultModel, 200) }),
      models: shown.map((model) => line(model, 200)),
      model_count: sorted.length,
      commands: commands.map(described),
      projects: Array.dedupe(projects.map(({ directory }) => directory)).map((directory) => line(directory)),
      ...unreadableView(unreadable, target.version),
      ...pageOf("describe_instance", "model", { offset, shown: shown.length, total: sorted.length }),
    }
  })

  return DescribeTools.of({
    describe_instance: (parameters) =>
      fleet.use(parameters.instance, (target, instance) => describe(target, instance, parameters)),
  })
})
