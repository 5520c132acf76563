import { Buffer } from "node:buffer";
import { PrismaPg } from "@prisma/adapter-pg";
import { getPrismaClient } from "@prisma/client/runtime/client";
import type { Product } from "./bakery.ts";

/** What the recipe uses of a client that Prisma has generated. */
export interface PrismaClient {
  readonly product: {
    upsert(query: { where: Id; create: Id & Partial<Product>; update: Partial<Product> }): Promise<Product>;
    updateMany(query: { where: Id; data: Partial<Product> }): Promise<{ readonly count: number }>;
    findUnique(query: { where: Id }): Promise<Product | null>;
    deleteMany(query: { where: Id }): Promise<unknown>;
  };
  $queryRawUnsafe<T>(text: string, ...values: unknown[]): Promise<T>;
  $disconnect(): Promise<void>;
}

interface Id {
  readonly id: string;
}

/** Connects to a database. */
export function openPrisma(connectionString: string): PrismaClient {
  const Client = getPrismaClient(CONFIG as unknown as Parameters<typeof getPrismaClient>[0]); // As Prisma writes it.
  return new Client({ adapter: new PrismaPg({ connectionString }) }) as unknown as PrismaClient; // It has the model below.
}

/**
 * What `prisma generate` 7.10.0 writes for this model, without its types. To generate it takes Prisma itself: 300 MB, and engines
 * that are downloaded.
 */
const SCHEMA = `generator client {
  provider = "prisma-client"
  output   = "./generated"
}

datasource db {
  provider = "postgresql"
}

model Product {
  id     String   @id
  name   String?
  price  Float?
  stock  Int?
  active Boolean?
  note   String?

  @@map("products")
}
`;

const FIELDS = { id: "String", name: "String", price: "Float", stock: "Int", active: "Boolean", note: "String" };

const STRINGS = [
  "where Product.findUnique Product.findUniqueOrThrow orderBy cursor Product.findFirst",
  "Product.findFirstOrThrow Product.findMany data Product.createOne Product.createMany",
  "Product.createManyAndReturn Product.updateOne Product.updateMany Product.updateManyAndReturn create",
  "update Product.upsertOne Product.deleteOne Product.deleteMany having _count _avg _sum _min _max",
  "Product.groupBy Product.aggregate AND OR NOT id name price stock active note equals not in notIn lt",
  "lte gt gte contains startsWith endsWith set increment decrement multiply divide",
].join(" ");

const GRAPH = [
  "OwsQCRwAACsAMB0AAAQAEB4AACsAMB8BAAAAASABAC0AISEIAC4AISICAC8AISMgADAAISQBAC0AIQEAAAABACABAAAAAQAgCRwA",
  "ACsAMB0AAAQAEB4AACsAMB8BACwAISABAC0AISEIAC4AISICAC8AISMgADAAISQBAC0AIQUgAAAxACAhAAAxACAiAAAxACAjAAAx",
  "ACAkAAAxACADAAAABAAgAwAABQAwBAAAAQAgAwAAAAQAIAMAAAUAMAQAAAEAIAMAAAAEACADAAAFADAEAAABACAGHwEAAAABIAEA",
  "AAABIQgAAAABIgIAAAABIyAAAAABJAEAAAABAQgAAAkAIAYfAQAAAAEgAQAAAAEhCAAAAAEiAgAAAAEjIAAAAAEkAQAAAAEBCAAA",
  "CwAwAQgAAAsAMAYfAQA3ACEgAQA4ACEhCAA5ACEiAgA6ACEjIAA7ACEkAQA4ACECAAAAAQAgCAAADgAgBh8BADcAISABADgAISEI",
  "ADkAISICADoAISMgADsAISQBADgAIQIAAAAEACAIAAAQACACAAAABAAgCAAAEAAgAwAAAAEAIA8AAAkAIBAAAA4AIAEAAAABACAB",
  "AAAABAAgChUAADIAIBYAADMAIBcAADYAIBgAADUAIBkAADQAICAAADEAICEAADEAICIAADEAICMAADEAICQAADEAIAkcAAAaADAd",
  "AAAXABAeAAAaADAfAQAbACEgAQAcACEhCAAdACEiAgAeACEjIAAfACEkAQAcACEDAAAABAAgAwAAFgAwFAAAFwAgAwAAAAQAIAMA",
  "AAUAMAQAAAEAIAkcAAAaADAdAAAXABAeAAAaADAfAQAbACEgAQAcACEhCAAdACEiAgAeACEjIAAfACEkAQAcACEOFQAAKQAgGAAA",
  "KgAgGQAAKgAgJQEAAAABJgEAKAAhJwEAAAAEKAEAAAAEKQEAAAABKgEAAAABKwEAAAABLAEAAAABLQEAAAABLgEAAAABLwEAAAAB",
  "DhUAACEAIBgAACcAIBkAACcAICUBAAAAASYBACYAIScBAAAABSgBAAAABSkBAAAAASoBAAAAASsBAAAAASwBAAAAAS0BAAAAAS4B",
  "AAAAAS8BAAAAAQ0VAAAhACAWAAAkACAXAAAkACAYAAAkACAZAAAkACAlCAAAAAEmCAAlACEnCAAAAAUoCAAAAAUpCAAAAAEqCAAA",
  "AAErCAAAAAEsCAAAAAENFQAAIQAgFgAAJAAgFwAAIQAgGAAAIQAgGQAAIQAgJQIAAAABJgIAIwAhJwIAAAAFKAIAAAAFKQIAAAAB",
  "KgIAAAABKwIAAAABLAIAAAABBRUAACEAIBgAACIAIBkAACIAICUgAAAAASYgACAAIQUVAAAhACAYAAAiACAZAAAiACAlIAAAAAEm",
  "IAAgACEIJQIAAAABJgIAIQAhJwIAAAAFKAIAAAAFKQIAAAABKgIAAAABKwIAAAABLAIAAAABAiUgAAAAASYgACIAIQ0VAAAhACAW",
  "AAAkACAXAAAhACAYAAAhACAZAAAhACAlAgAAAAEmAgAjACEnAgAAAAUoAgAAAAUpAgAAAAEqAgAAAAErAgAAAAEsAgAAAAEIJQgA",
  "AAABJggAJAAhJwgAAAAFKAgAAAAFKQgAAAABKggAAAABKwgAAAABLAgAAAABDRUAACEAIBYAACQAIBcAACQAIBgAACQAIBkAACQA",
  "ICUIAAAAASYIACUAIScIAAAABSgIAAAABSkIAAAAASoIAAAAASsIAAAAASwIAAAAAQ4VAAAhACAYAAAnACAZAAAnACAlAQAAAAEm",
  "AQAmACEnAQAAAAUoAQAAAAUpAQAAAAEqAQAAAAErAQAAAAEsAQAAAAEtAQAAAAEuAQAAAAEvAQAAAAELJQEAAAABJgEAJwAhJwEA",
  "AAAFKAEAAAAFKQEAAAABKgEAAAABKwEAAAABLAEAAAABLQEAAAABLgEAAAABLwEAAAABDhUAACkAIBgAACoAIBkAACoAICUBAAAA",
  "ASYBACgAIScBAAAABCgBAAAABCkBAAAAASoBAAAAASsBAAAAASwBAAAAAS0BAAAAAS4BAAAAAS8BAAAAAQglAgAAAAEmAgApACEn",
  "AgAAAAQoAgAAAAQpAgAAAAEqAgAAAAErAgAAAAEsAgAAAAELJQEAAAABJgEAKgAhJwEAAAAEKAEAAAAEKQEAAAABKgEAAAABKwEA",
  "AAABLAEAAAABLQEAAAABLgEAAAABLwEAAAABCRwAACsAMB0AAAQAEB4AACsAMB8BACwAISABAC0AISEIAC4AISICAC8AISMgADAA",
  "ISQBAC0AIQslAQAAAAEmAQAqACEnAQAAAAQoAQAAAAQpAQAAAAEqAQAAAAErAQAAAAEsAQAAAAEtAQAAAAEuAQAAAAEvAQAAAAEL",
  "JQEAAAABJgEAJwAhJwEAAAAFKAEAAAAFKQEAAAABKgEAAAABKwEAAAABLAEAAAABLQEAAAABLgEAAAABLwEAAAABCCUIAAAAASYI",
  "ACQAIScIAAAABSgIAAAABSkIAAAAASoIAAAAASsIAAAAASwIAAAAAQglAgAAAAEmAgAhACEnAgAAAAUoAgAAAAUpAgAAAAEqAgAA",
  "AAErAgAAAAEsAgAAAAECJSAAAAABJiAAIgAhAAAAAAAAATABAAAAAQEwAQAAAAEFMAgAAAABMQgAAAABMggAAAABMwgAAAABNAgA",
  "AAABBTACAAAAATECAAAAATICAAAAATMCAAAAATQCAAAAAQEwIAAAAAEAAAAABRUABhYABxcACBgACRkACgAAAAAABRUABhYABxcA",
  "CBgACRkACgECAQIDAQUGAQYHAQcIAQkKAQoMAgsNAwwPAQ0RAg4SBBETARIUARMVAhoYBRsZCw",
].join("");

const CONFIG = {
  previewFeatures: [],
  clientVersion: "7.10.0",
  engineVersion: "0edf323efd1d98336f3f0a68684b56f689b900d3",
  activeProvider: "postgresql",
  inlineSchema: SCHEMA,
  runtimeDataModel: {
    models: {
      Product: {
        fields: Object.entries(FIELDS).map(([name, type]) => ({ name, kind: "scalar", type })),
        dbName: "products",
        schema: null,
      },
    },
    enums: {},
    types: {},
  },
  parameterizationSchema: { strings: STRINGS.split(" "), graph: GRAPH },
  compilerWasm: {
    getRuntime: () => import("@prisma/client/runtime/query_compiler_small_bg.postgresql.mjs"),
    getQueryCompilerWasmModule: async () => {
      const { wasm } = await import("@prisma/client/runtime/query_compiler_small_bg.postgresql.wasm-base64.mjs");
      return new WebAssembly.Module(Buffer.from(wasm, "base64"));
    },
    importName: "./query_compiler_small_bg.js",
  },
};
