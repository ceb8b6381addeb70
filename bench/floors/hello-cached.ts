/** The hello-world with V8's compile cache in the directory of its first argument. */
import { enableCompileCache } from "node:module"

enableCompileCache(process.argv[2])
await import("./hello.ts")
