/** Parameters of the tools' handlers, from the options of a command line. */
import { Option, Record } from "effect"

/** The parameter, if the option is given; otherwise none, which is what an absent option means. */
export const ifGiven = <Name extends string, A>(name: Name, value: Option.Option<A>): { readonly [_ in Name]?: A } =>
  Option.match(value, { onNone: () => ({}), onSome: (text) => Record.singleton(name, text) })
