export * from "../../src/testing/samples.ts"
