/**
 * A template tag for HTML that escapes every value, so that text from an instance can neither become markup nor hide anything.
 *
 * Effect's templates do not escape, and the libraries that do bring a renderer with them.
 */
import { plainText } from "../../text/plainText.ts"

/** Markup that is inserted as it is. Only {@link html} makes it. */
export class Html {
  readonly #markup: string
  constructor(markup: string) {
    this.#markup = markup
  }
  toString(): string {
    return this.#markup
  }
}

/** Nothing is inserted for `undefined` and `false`. */
export type Content = Html | string | number | undefined | false | ReadonlyArray<Content>

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

const escape = (text: string) => plainText(text).replaceAll(/[&<>"']/gu, (character) => entities[character] ?? "")

const markupOf = (content: Content): string => {
  if (content === undefined || content === false) return ""
  if (content instanceof Html) return content.toString()
  if (typeof content === "string") return escape(content)
  return typeof content === "number" ? String(content) : content.map(markupOf).join("")
}

/** Values may stand in text and in quoted attributes. */
export const html = (strings: TemplateStringsArray, ...values: ReadonlyArray<Content>): Html =>
  new Html(String.raw({ raw: strings }, ...values.map(markupOf)))
