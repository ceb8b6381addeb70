/** Finds the id of a JSON-RPC message in its bytes, without parsing the message. */

/** A member of the message is examined up to this length. Ids are far shorter. */
const maxMemberBytes = 512

const quote = 0x22
const backslash = 0x5c
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])
const comma = 0x2c

const idMember = /^\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)\s*$/u

/**
 * Reads a message piece by piece and remembers its `id`, as JSON text. Only members of the outermost object count: the
 * arguments of a call often have an `id` of their own. Its memory does not depend on the size of the message.
 */
export const makeIdScanner = () => {
  let depth = 0
  let inString = false
  let isEscaped = false
  let member: Array<number> = []
  let id: string | undefined
  const endMember = () => {
    // JSON.parse takes the last of two members with one name, too.
    id = idMember.exec(Buffer.from(member).toString())?.[1] ?? id
    member = []
  }
  return {
    scan: (bytes: Uint8Array): void => {
      for (const byte of bytes) {
        if (inString) {
          if (isEscaped) isEscaped = false
          else if (byte === backslash) isEscaped = true
          else if (byte === quote) inString = false
        } else if (byte === quote) inString = true
        else if (opening.has(byte)) {
          depth++
          continue
        } else if (closing.has(byte)) {
          depth--
          if (depth === 0) endMember()
          continue
        } else if (byte === comma && depth === 1) {
          endMember()
          continue
        }
        if (depth === 1 && member.length < maxMemberBytes) member.push(byte)
      }
    },
    /** The id as JSON text, or undefined if none was found so far. */
    id: (): string | undefined => id,
  }
}

/** {@link makeIdScanner} for a whole message. */
export const topLevelId = (text: string): string | undefined => {
  const scanner = makeIdScanner()
  scanner.scan(Buffer.from(text))
  return scanner.id()
}
