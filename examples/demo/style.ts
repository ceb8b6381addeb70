import { styleText } from "node:util"

/** Styles text for stdout: only for a terminal, or if FORCE_COLOR is set. */
export const style = (format: "bold" | "cyan" | "dim" | "yellow", text: string): string =>
  styleText(format, text, { stream: process.stdout })
