throw new Error("sharp is left out of this repository: see its package.json in tools/absent/sharp");
