/** Reads a command line as bash does, and quotes words for it. */

interface Word {
  /** As it is typed. */
  readonly raw: string
  /** Without quotes and backslashes. */
  readonly text: string
}

/** The words up to the cursor. The last one is being completed; it is empty after a space. */
export const bashWords = (line: string): ReadonlyArray<Word> => {
  const words: Array<Word> = []
  let raw = ""
  let text = ""
  let quote = ""
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index)
    if (quote === "" && /\s/u.test(character)) {
      if (raw !== "") words.push({ raw, text })
      raw = ""
      text = ""
      continue
    }
    raw += character
    if (character === quote) quote = ""
    else if (quote === "" && (character === '"' || character === "'")) quote = character
    else if (character === "\\" && quote !== "'") {
      index += 1
      raw += line.charAt(index)
      text += line.charAt(index)
    } else text += character
  }
  return [...words, { raw, text }]
}

const special = /[\s!"#$&'()*;<>?[\\\]`{|}~]/gu

/** The quotes that are open where readline's word begins. */
const openQuote = (head: string) => (/["']$/u.exec(head) ?? [""])[0]

const quoted = (text: string, head: string): string | undefined => {
  switch (openQuote(head)) {
    case "'":
      // A quote that was opened in the middle of a word cannot hold another one.
      return head === "'" || !text.includes("'") ? text.replaceAll("'", String.raw`'\''`) : undefined
    case '"':
      return text.replaceAll(/[\\$`"]/gu, String.raw`\$&`)
    default:
      return text.replaceAll(special, String.raw`\$&`)
  }
}

/**
 * What readline replaces its word with, so that the whole word becomes `value`; undefined if that is not possible. Readline's
 * word begins after the last quote, colon or the like.
 */
export const bashReplacement = (value: string, word: Word, readlineWord: string): string | undefined => {
  if (!word.raw.endsWith(readlineWord)) return undefined
  const head = word.raw.slice(0, word.raw.length - readlineWord.length)
  const [{ text: committed } = { text: "" }] = bashWords(head)
  if (!value.startsWith(committed)) return undefined
  const replacement = quoted(value.slice(committed.length), head)
  const quote = openQuote(head)
  // Readline leaves a closing quote out if the text already ends with one.
  return quote !== "" && replacement?.endsWith(quote) === true ? replacement + quote : replacement
}
