/** How the relay's script asks for what is at the tunnel's end, and what it does where things fail. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { createServer } from "node:http"
import { freePort, listening } from "../support/loopback.ts"
import { find } from "../support/requirements.ts"
import { makeHome, startShell } from "./relayShell.ts"
