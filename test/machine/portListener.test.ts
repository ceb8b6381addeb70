import { assert, describe, it } from "@effect/vitest"
import { parseListeners } from "../../src/machine/portListener.ts"

const header =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                  "

const table = [
  header,
  "   0: 0100007F:1000 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 ffff 100 0 0 10 0     ",
  "   1: 00000000:1001 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 ffff 100 0 0 10 0     ",
  "   2: 0100007F:1000 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 ffff 20 4 30 10 -1    ",
  "   3: 0100007F:C350 0100007F:1000 06 00000000:00000000 03:00000F4C 00000000     0        0 0 3 ffff                      ",
  "10000: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4714 1 ffff 100 0 0 10 0     ",
].join("\n")

const table6 = [
  header,
  "   0: 00000000000000000000000001000000:1000 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4715 1 ffff 100 0 0 10 0",
].join("\n")

describe("parseListeners", () => {
  it("finds the sockets that listen on the port, not its connections", () => {
    assert.deepStrictEqual(parseListeners(table, 0x1000), ["4711"])
    assert.deepStrictEqual(parseListeners(table, 0x50), ["4714"])
    assert.deepStrictEqual(parseListeners(table, 0xc350), [])
  })

  it("reads the table of IPv6", () => {
    assert.deepStrictEqual(parseListeners(table6, 0x1000), ["4715"])
  })
})
