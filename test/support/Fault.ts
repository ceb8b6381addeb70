export * from "../../src/testing/Fault.ts"
