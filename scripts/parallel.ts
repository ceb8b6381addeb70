/**
 * `node scripts/parallel.ts NAME…`: runs npm scripts at the same time. The output of each is printed when it has ended, and
 * the exit status is 1 if one of them has failed.
 */
import { spawn } from "node:child_process"
import process from "node:process"

const run = (name: string) =>
  new Promise<boolean>((resolve) => {
    const started = Date.now()
    const script = spawn("npm", ["run", "--silent", name], {
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    })
    const output: Array<Buffer> = []
    script.stdout.on("data", (chunk: Buffer) => output.push(chunk))
    script.stderr.on("data", (chunk: Buffer) => output.push(chunk))
    script.on("close", (status) => {
      const seconds = Math.round((Date.now() - started) / 1000)
      console.log(`> ${name}: ${status === 0 ? "ok" : "failed"} after ${seconds} s`)
      process.stdout.write(Buffer.concat(output))
      resolve(status === 0)
    })
  })

const succeeded = await Promise.all(process.argv.slice(2).map(run))
process.exitCode = succeeded.every(Boolean) ? 0 : 1
