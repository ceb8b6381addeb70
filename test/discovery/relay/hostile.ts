/** Text that tries to break a terminal, a parser or the reader's perception. */
import { Schema } from "effect"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** Code points of all Unicode, with control characters far more often than by chance. */
export const HostileText = Schema.Array(
  Schema.Union([
    between(0, 0xa0),
    between(0x2000, 0x206f),
    Schema.Literals([0x0a, 0x0d, 0x1b, 0x20, 0x22, 0x5c, 0x61c, 0xfeff]),
    between(0, 0x10_ffff),
  ]),
)

export const hostileText = (points: ReadonlyArray<number>): string => String.fromCodePoint(...points)
