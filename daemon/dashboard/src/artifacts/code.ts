/** The lines by which a version is used elsewhere. Pure. */

export interface Lines {
  title: string;
  text: string;
}

/** A word of a shell. */
export function shell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A string of Python. */
export function python(text: string): string {
  return JSON.stringify(text);
}

/** `name`: `entity/project/collection:version`, as both packages and the command take it. */
export function codeFor(name: string, project: string): Lines[] {
  const inRun = (module: string) =>
    [
      `import ${module}`,
      "",
      `with ${module}.init(project=${python(project)}) as run:`,
      `    artifact = run.use_artifact(${python(name)})`,
      "    folder = artifact.download()",
    ].join("\n");
  const api = (module: string) =>
    [`import ${module}`, "", `artifact = ${module}.Api().artifact(${python(name)})`, "folder = artifact.download()"].join("\n");
  return [
    { title: "pannier, in a run", text: inRun("pannier") },
    { title: "wandb, in a run", text: inRun("wandb") },
    { title: "pannier, without a run", text: api("pannier") },
    { title: "wandb, without a run", text: api("wandb") },
    { title: "The command line", text: `pannier artifact get ${shell(name)}` },
  ];
}
