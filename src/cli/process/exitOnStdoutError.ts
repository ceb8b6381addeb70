/** Exits if stdout cannot be written to. A reader that closes it early (`| head`) is not an error. */
export const exitOnStdoutError = (): void => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0)
    process.stderr.write(`opencode-fleet: cannot write to stdout: ${error.message}\n`)
    process.exit(1)
  })
}
