/** `opencode-fleet completion`: prints the script that completes commands, instances and sessions in a shell. */
import { Console } from "effect"
import { Argument, Command } from "effect/cli"
import { scripts, shells } from "../completion/scripts.ts"

export const completion = Command.make(
  "completion",
  {
    shell: Argument.Literals("shell", shells).pipe(Argument.withDescription(`The shell: ${shells.join(", ")}`)),
  },
  ({ shell }) => Console.log(scripts[shell]),
).pipe(
  Command.withShortDescription("Print the script that completes commands in a shell"),
  Command.withDescription(
    `Prints a script for bash, zsh or fish. With it, Tab completes commands, flags, the names of instances and the titles of sessions, from the running fleet.

Exit status: 0; 2 for a usage error.`,
  ),
  Command.withExamples([
    { command: "source <(opencode-fleet completion bash)", description: "In ~/.bashrc" },
    { command: "source <(opencode-fleet completion zsh)", description: "In ~/.zshrc, after compinit" },
    { command: "opencode-fleet completion fish | source", description: "In ~/.config/fish/config.fish" },
  ]),
)
