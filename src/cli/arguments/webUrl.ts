/** A flag or an argument that is a URL of the web. */
import { Option } from "effect"

export const webUrlForms = "an http or https URL"

export const webUrl = (text: string): Option.Option<URL> =>
  /^https?:\/\//u.test(text) && URL.canParse(text) ? Option.some(new URL(text)) : Option.none()
