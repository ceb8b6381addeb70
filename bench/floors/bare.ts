/** The floor of all starts: Node alone, which answers each line with itself. */
process.stdin.on("data", (chunk) => process.stdout.write(chunk))
