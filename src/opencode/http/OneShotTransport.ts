/**
 * An HTTP client for probing thousands of unknown servers once: each request has its own connection, which is closed
 * afterwards.
 */
import { Layer } from "effect"
import { HttpClient } from "effect/http"
import { makeTransport } from "./nodeTransport.ts"

export const layer = Layer.succeed(HttpClient.HttpClient, makeTransport())
