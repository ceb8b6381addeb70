/** Renders the answer of describe_instance as Markdown. */
import { code, paragraphs } from "../shared/markdown.ts"
import type { DescriptionView } from "./describeSchemas.ts"

type Described = DescriptionView["agents"][number]

const more = (shown: number, count = shown) => (count > shown ? ` and ${count - shown} more` : "")

const list = (title: string, items: ReadonlyArray<Described>, count?: number) =>
  items.length === 0
    ? ""
    : [
        `**${title}**${more(items.length, count)}`,
        ...items.map(
          ({ description, name }) => `- ${code(name)}${description === undefined ? "" : `: ${code(description)}`}`,
        ),
      ].join("\n")

const slash = ({ name, ...rest }: Described): Described => ({ ...rest, name: `/${name}` })

const modelText = ({ default_model, model_count, models, offset = 0 }: DescriptionView) =>
  model_count === 0
    ? "No models: opencode has no provider."
    : [
        `**Models**${offset > 0 ? ` after ${offset}` : ""} of ${model_count}${default_model === undefined ? "" : `; default ${code(default_model)}`}`,
        ...models.map((model) => `- ${code(model)}`),
      ].join("\n")

export const renderDescription = (view: DescriptionView): string =>
  paragraphs(
    `${code(view.instance)}${view.version === undefined ? "" : ` runs opencode ${code(view.version)}`} in ${code(view.directory)}.`,
    list("Agents", view.agents),
    modelText(view),
    list("Slash commands", view.commands.map(slash), view.command_count),
    list(
      "Projects",
      view.projects.map((name) => ({ name })),
      view.project_count,
    ),
    view.unreadable ?? "",
    view.next ?? "",
  )
