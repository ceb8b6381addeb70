/** The items of a tolerant list that are declared. The program itself counts the others; see `understood`. */
import { isUnrecognised, type Unrecognised } from "../../src/opencode/http/tolerantArray.ts"

export const recognised = <A>(items: ReadonlyArray<A | Unrecognised>): ReadonlyArray<A> =>
  items.filter((item): item is A => !isUnrecognised(item))
