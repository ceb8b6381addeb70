/** The log of a server that other programs read. */
import { Effect, Logger } from "effect"

const lines = Logger.withConsoleError(Logger.formatLogFmt)

/** One line for each entry instead of the console's layout. Other loggers, such as that of an OTLP export, stay. */
export const logLines = Effect.updateService(
  Logger.CurrentLoggers,
  (loggers) => new Set([...loggers].map((logger) => (logger === Logger.defaultLogger ? lines : logger))),
)
