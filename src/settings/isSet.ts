/** Whether a variable is set, without loading Effect. An empty value counts as unset. */
import process from "node:process"
import type { Variable } from "./variables.ts"

export const isSet = (name: Variable): boolean => (process.env[name] ?? "") !== ""
