import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** The gateway sends what is packed beside each file; it packs nothing itself. */
function packed(): Plugin {
  let folder = "";
  return {
    name: "packed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
      if (config.build.outDir.startsWith("/")) folder = config.build.outDir;
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg|webmanifest)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  // The gateway may lie behind a path of a load balancer.
  base: "./",
  plugins: [packed()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // npm run dev: beside a gateway on this machine, as if it had served the page.
  server: {
    proxy: {
      "/v1": { target: "http://127.0.0.1:8750", ws: true, changeOrigin: true, rewriteWsOrigin: true },
    },
  },
  build: { target: "es2022", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: false },
  test: { include: ["tests/**/*.test.ts"] },
} as never);
