/** The floor of all starts: Node alone, echoing each line. */
process.stdin.on("data", (chunk) => process.stdout.write(chunk))
