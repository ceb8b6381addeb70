/** Colours for words. */
import { styleText } from "node:util"

type Format = (text: string) => string

export interface Style {
  readonly good: Format
  readonly warning: Format
  readonly bad: Format
  readonly faint: Format
  readonly strong: Format
}

const coloured =
  (format: Parameters<typeof styleText>[0]): Format =>
  (text) =>
    text === "" ? "" : styleText(format, text, { validateStream: false })

const plain: Format = (text) => text

export const styleOf = (colours: boolean): Style =>
  colours
    ? {
        good: coloured("green"),
        warning: coloured("yellow"),
        bad: coloured("red"),
        faint: coloured("dim"),
        strong: coloured("bold"),
      }
    : { good: plain, warning: plain, bad: plain, faint: plain, strong: plain }
