package io.hubspoke.lab;

import picocli.CommandLine.Command;

/** The audit of everything, for who sees it for the first time. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Brings up meshes, measures every route on the wire, and prints the report.",
      "Exits with 1 when a measurement differs from what the documents say."
    },
    footer = {"", "Example:", "  hubspoke demo --json report.json"})
final class DemoCommand extends AuditCommand {}
