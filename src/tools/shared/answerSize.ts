/**
 * Keeps answers within a size that every client hands to its model. Some clients pass on the text, some the structured
 * content, and some both, and what is too long for them they replace with a preview of a few hundred characters.
 *
 * A handler returns everything. `boundAnswers` then leaves out whole items, in the order of the tool's cuts, until both forms
 * fit. Each cut counts what it leaves out and says how to read it.
 */
import { Effect, Predicate, Record } from "effect"
import type { Tool } from "effect/ai"
import { clip } from "../../text/clip.ts"

/** Together with the rest of the result, twice this fits into the 20,000 characters of the strictest clients. */
export const defaultAnswerChars = 9000

export interface AnswerSizeOptions {
  /** Maximum number of characters of an answer's text, and of its structured content as JSON. Default: 9,000. */
  readonly maxAnswerChars?: number | undefined
}

/** One kind of item that an answer can leave out: the elements of a list, or the characters of a text. */
export interface Cut<in out View> {
  /** How many there are. */
  readonly size: (view: View) => number
  /** Maximum number, however much room there is. Default: no maximum. */
  readonly most?: number
  /** How many to keep until nothing else can be left out. Default: 0. */
  readonly least?: number | ((view: View) => number)
  /** The answer with that many of them; says how to read the others. Called only if something is left out. */
  readonly keep: (view: View, count: number) => View
}

/** The greatest number from `least` to `most` that fits, if the smaller ones fit as well; `least` if none does. */
export const greatest = (least: number, most: number, fits: (count: number) => boolean): number => {
  if (most <= least || fits(most)) return Math.max(least, most)
  let [low, high] = [least, most]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle
  }
  return low
}

type Rendered = Pick<Tool.Any, "toModelOutput">

const textLength = ({ toModelOutput }: Rendered, view: unknown) =>
  (toModelOutput?.(view) ?? []).reduce((length, part) => length + (part.type === "text" ? part.text.length : 0), 0)

/** Whether the text and the structured content of an answer each have at most `max` characters. */
export const fitsAnswer =
  (tool: Rendered, max: number) =>
  (view: unknown): boolean =>
    JSON.stringify(view).length <= max && textLength(tool, view) <= max

/** Values that lose their meaning when they are cut. */
const isReference = (name: string) => /(?:^|_)(?:id|before|instance)$/u.test(name)

/** Cuts texts and lists alike: the last resort for an answer whose single items are too long. */
const shortened = (value: unknown, length: number, name = ""): unknown => {
  if (typeof value === "string") return isReference(name) ? value : clip(value, length)
  if (Array.isArray(value)) return value.slice(0, Math.ceil(length / 30)).map((item) => shortened(item, length, name))
  return Predicate.isObject(value) ? Record.map(value, (item, name) => shortened(item, length, name)) : value
}

/** Leaves out as little as possible until the answer fits. */
export const fitAnswer = <View>(view: View, cuts: ReadonlyArray<Cut<View>>, fits: (view: View) => boolean): View => {
  const sizes = cuts.map(({ size }) => size(view))
  const counts = cuts.map(({ most = Infinity }, index) => Math.min(most, sizes[index] ?? 0))
  const built = () =>
    cuts.reduce((view, { keep }, index) => {
      const count = counts[index] ?? 0
      return count < (sizes[index] ?? 0) ? keep(view, count) : view
    }, view)
  for (const isLastPass of [false, true]) {
    for (const [index, { least = 0 }] of cuts.entries()) {
      const wanted = typeof least === "number" ? least : least(view)
      const smallest = Math.min(counts[index] ?? 0, isLastPass ? 0 : wanted)
      counts[index] = greatest(smallest, counts[index] ?? 0, (count) => {
        counts[index] = count
        return fits(built())
      })
    }
  }
  return built()
}

type Handler = (parameters: never, context: never) => Effect.Effect<unknown, unknown, unknown>

/** The cuts of each tool, those that matter least first. A tool without an entry does not compile. */
type Cuts<Tools extends Record<string, Tool.Any>> = {
  readonly [Name in keyof Tools]: ReadonlyArray<Cut<Tool.Success<Tools[Name]>>>
}

/** A tool's handler, with answers of at most `max` characters in each form. */
const bounded =
  (tool: Tool.Any, cuts: ReadonlyArray<Cut<unknown>>, max: number) =>
  (handler: Handler): Handler => {
    const fits = fitsAnswer(tool, max)
    return (parameters, context) =>
      Effect.map(handler(parameters, context), (view) => {
        // Nearly every answer fits. Each cut would render it again to look: a quarter of the time of list_instances.
        if (cuts.every(({ most = Infinity, size }) => size(view) <= most) && fits(view)) return view
        const fitted = fitAnswer(view, cuts, fits)
        if (fits(fitted)) return fitted
        return shortened(
          fitted,
          greatest(0, max, (length) => fits(shortened(fitted, length))),
        )
      })
  }

/** The handlers of a Toolkit, with answers of at most `maxAnswerChars` characters in each form. */
export const boundAnswers = <
  Tools extends Record<string, Tool.Any>,
  Handlers extends Record<keyof Tools & string, Handler>,
>(
  tools: Tools,
  handlers: Handlers,
  cuts: Cuts<Tools>,
  { maxAnswerChars = defaultAnswerChars }: AnswerSizeOptions = {},
): Handlers =>
  // Each handler keeps its type, because a cut returns the view that it was given with less in it.
  Record.map(handlers, (handler: Handler, name: keyof Tools & string) => {
    const tool: Tool.Any | undefined = tools[name]
    return tool === undefined
      ? handler
      : bounded(tool, cuts[name] as ReadonlyArray<Cut<unknown>>, maxAnswerChars)(handler)
  }) as Handlers
