/**
 * Node's `http` and `https`. An `import` of them makes a module of all they export, which loads Node's `fetch`, too: 15 ms and
 * 15 MB that no server here needs.
 */
import process from "node:process"

export const http = process.getBuiltinModule("node:http")

/** Loaded at the first use, because TLS takes another 17 ms, and most instances are reached without. */
export const https = () => process.getBuiltinModule("node:https")
