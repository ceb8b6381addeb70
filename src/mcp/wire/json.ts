/** JSON in plain functions, because the first messages are read before Effect is loaded. */

/** A parsed value, or undefined if the text is no JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is { readonly [x: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
