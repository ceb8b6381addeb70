/**
 * Node's `http` and `https`. An `import` of them makes a module of all they export, which loads Node's `fetch`, too: 15 ms and
 * 15 MB that no server here needs.
 */
import process from "node:process"

export const http = process.getBuiltinModule("node:http")
export const https = process.getBuiltinModule("node:https")
