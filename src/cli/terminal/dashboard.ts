/** What the keys of the dashboard do: a pure state machine over the instances that are shown. */
import type { Terminal } from "effect"
import { Option } from "effect"
import type { FleetView, InstanceView } from "../../tools/instances/instanceSchemas.ts"

export interface DashboardState {
  /** The name of the selected instance. Another one is selected if it is not shown any more. */
  readonly selected: string | undefined
  readonly filter: string
  /** Whether keys are typed into the filter. */
  readonly isFiltering: boolean
}

export const firstState: DashboardState = { selected: undefined, filter: "", isFiltering: false }

/** What a key asks for besides another state. */
export type DashboardAction =
  | { readonly _tag: "Quit" }
  | { readonly _tag: "Interrupt" }
  | { readonly _tag: "Refresh" }
  /** Opens one of the instance's sessions. */
  | { readonly _tag: "Open"; readonly instance: string }
  /** Shows what waits there and asks for the decision: no key decides by itself. */
  | { readonly _tag: "Allow"; readonly instance: string; readonly kind: "permission" | "question" }
  | { readonly _tag: "Reject"; readonly instance: string }

const searched = ({ activity, directory = "", health, last_session_title = "", name }: InstanceView) =>
  [name, health, activity ?? "", directory, last_session_title].join(" ").toLowerCase()

/** The instances that contain every word of the filter. */
export const shownInstances = (
  { instances }: Pick<FleetView, "instances">,
  { filter }: Pick<DashboardState, "filter">,
): ReadonlyArray<InstanceView> => {
  const words = filter.toLowerCase().split(/\s+/u)
  return instances.filter((view) => words.every((word) => searched(view).includes(word)))
}

/** The selected instance, or the first one. */
export const selectedOf = (shown: ReadonlyArray<InstanceView>, { selected }: Pick<DashboardState, "selected">) =>
  shown.find(({ name }) => name === selected) ?? shown[0]

const moved = (shown: ReadonlyArray<InstanceView>, state: DashboardState, by: number): DashboardState => {
  const now = selectedOf(shown, state)
  const index = Math.max(0, Math.min(shown.length - 1, shown.findIndex((view) => view === now) + by))
  return { ...state, selected: shown[index]?.name }
}

interface Pressed {
  readonly state: DashboardState
  readonly action?: DashboardAction
}

const inFilter = (state: DashboardState, { input, key }: Terminal.UserInput): Pressed => {
  switch (key.name) {
    case "return":
    case "enter":
      return { state: { ...state, isFiltering: false } }
    case "escape":
      return { state: { ...state, isFiltering: false, filter: "" } }
    case "backspace":
      return { state: { ...state, filter: Array.from(state.filter).slice(0, -1).join("") } }
    default: {
      const text = Option.getOrElse(input, () => "")
      const isTyped = !key.ctrl && !key.meta && /^[^\p{Cc}]+$/u.test(text)
      return { state: isTyped ? { ...state, filter: state.filter + text } : state }
    }
  }
}

const withInstance = (
  state: DashboardState,
  view: InstanceView | undefined,
  action: (view: InstanceView) => DashboardAction | undefined,
): Pressed => {
  const asked = view === undefined ? undefined : action(view)
  return view === undefined || asked === undefined
    ? { state }
    : { state: { ...state, selected: view.name }, action: asked }
}

/** What a key does. `shown` are the instances that the filter leaves. */
export const press = (
  state: DashboardState,
  pressed: Terminal.UserInput,
  shown: ReadonlyArray<InstanceView>,
): Pressed => {
  const { ctrl, name } = pressed.key
  if (ctrl && (name === "c" || name === "d")) return { state, action: { _tag: "Interrupt" } }
  if (name === "up" || name === "down") return { state: moved(shown, state, name === "up" ? -1 : 1) }
  if (state.isFiltering) return inFilter(state, pressed)
  const view = selectedOf(shown, state)
  switch (Option.getOrElse(pressed.input, () => name)) {
    case "q":
      return { state, action: { _tag: "Quit" } }
    case "u":
      return { state, action: { _tag: "Refresh" } }
    case "k":
      return { state: moved(shown, state, -1) }
    case "j":
      return { state: moved(shown, state, 1) }
    case "/":
      return { state: { ...state, isFiltering: true } }
    case "\r":
    case "\n":
      return withInstance(state, view, ({ health, name }) =>
        health === "online" ? { _tag: "Open", instance: name } : undefined,
      )
    case "a":
      return withInstance(state, view, ({ name, waiting_for: [first] = [] }) =>
        first === undefined ? undefined : { _tag: "Allow", instance: name, kind: first.kind },
      )
    case "r":
      return withInstance(state, view, ({ name, waiting_for: [first] = [] }) =>
        first === undefined ? undefined : { _tag: "Reject", instance: name },
      )
    default:
      return { state: name === "escape" ? { ...state, filter: "" } : state }
  }
}
