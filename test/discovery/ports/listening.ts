/** Sample listening sockets. */
import type { Listening, Owner } from "../../../src/discovery/ports/ListeningSockets.ts"

export const opencode = (pid: number, directory = "/work/shop"): Owner => ({
  pid,
  birth: `birth of ${pid}`,
  program: "opencode",
  isOpencode: true,
  directory,
})

export const other = (pid: number, program = "node"): Owner => ({
  pid,
  birth: `birth of ${pid}`,
  program,
  isOpencode: false,
  directory: "/work/elsewhere",
})

let sockets = 0

/** Each call makes a new socket, even on the same port. */
export const listening = (port: number, owner: Owner | undefined, address = "127.0.0.1"): Listening => ({
  key: `socket ${++sockets}`,
  address,
  port,
  owner,
})
