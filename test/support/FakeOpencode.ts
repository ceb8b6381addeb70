export * from "../../src/testing/FakeOpencode.ts"
