/** What describe_instance leaves out if there is too much for one answer. Its pages list the models. */
import type { Cut } from "../shared/answerSize.ts"
import { shorterPage } from "../shared/page.ts"
import type { DescriptionView } from "./describeSchemas.ts"

export const describeCuts: ReadonlyArray<Cut<DescriptionView>> = [
  {
    size: ({ projects }) => projects.length,
    most: 30,
    least: 5,
    keep: (view, count) => ({
      ...view,
      projects: view.projects.slice(0, count),
      project_count: view.projects.length,
    }),
  },
  {
    size: ({ models }) => models.length,
    most: 100,
    least: 20,
    keep: (view, count) => ({
      ...view,
      models: view.models.slice(0, count),
      ...shorterPage("describe_instance", "model", view, view.models.length, count),
    }),
  },
  {
    size: ({ commands }) => commands.length,
    least: 10,
    keep: (view, count) => ({
      ...view,
      commands: view.commands.slice(0, count),
      command_count: view.commands.length,
    }),
  },
  {
    size: ({ agents }) => agents.length,
    least: 5,
    keep: (view, count) => ({ ...view, agents: view.agents.slice(0, count) }),
  },
]
