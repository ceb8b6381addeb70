/** The answer of describe_instance as text for a terminal. */
import type { DescriptionView } from "../../tools/instances/describeSchemas.ts"

type Described = DescriptionView["agents"][number]

const list = (title: string, items: ReadonlyArray<Described>) =>
  items.length === 0
    ? []
    : [
        "",
        title,
        ...items.map(({ description, name }) => `  ${name}${description === undefined ? "" : `  ${description}`}`),
      ]

const named = (name: string): Described => ({ name })

export const descriptionText = (view: DescriptionView): string =>
  [
    `${view.instance}${view.version === undefined ? "" : `  opencode ${view.version}`}  ${view.directory}`,
    ...list("AGENTS", view.agents),
    ...list(
      "MODELS",
      view.models.map((name) => (name === view.default_model ? { name, description: "(default)" } : { name })),
    ),
    ...list(
      "SLASH COMMANDS",
      view.commands.map(({ name, ...rest }) => ({ ...rest, name: `/${name}` })),
    ),
    ...list("PROJECTS", view.projects.map(named)),
    ...(view.unreadable === undefined ? [] : ["", view.unreadable]),
  ].join("\n")
