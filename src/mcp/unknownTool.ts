/** The error about a tool that does not exist, with the name that the model probably meant. */
import { nearest } from "../text/nearest.ts"
import { quote } from "../text/plainText.ts"

/** For servers with these tools: what is wrong with a name, or undefined if it is the name of a tool. */
export const unknownTool = (names: ReadonlyArray<string>, unavailable: Readonly<Record<string, string>> = {}) => {
  const known = [...names, ...Object.keys(unavailable)]
  return (name: string): string | undefined => {
    if (names.includes(name)) return undefined
    if (Object.hasOwn(unavailable, name)) return `The tool ${name} is not available: ${unavailable[name]}`
    const near = nearest(name, known)
    return `Unknown tool ${quote(name)}. ${near === undefined ? `The tools are: ${names.join(", ")}.` : `Did you mean ${near}?`}`
  }
}
