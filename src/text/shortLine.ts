/** Untrusted text on one line of at most `width` cells, with everything made visible, shortened in its middle. */
import { cutMiddle } from "./cells.ts"
import { truncate, truncateStart } from "./truncate.ts"
import { visibleLine } from "./visible.ts"

/** Units of a long text that are looked at on either side, per cell: white space takes fewer cells than units. */
const unitsPerCell = 16

export const shortLine = (text: string, width: number): string => {
  const units = width * unitsPerCell
  const looked = text.length > 2 * units ? `${truncate(text, units)} … ${truncateStart(text, units)}` : text
  return cutMiddle(visibleLine(looked), width)
}
