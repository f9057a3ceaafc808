package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * An object of every resource, as a file for {@code -f}, and what {@code get -o wide} has to print
 * of each: see the head of scenario.yaml.
 */
record KubectlManifest(Path file, List<Entry> entries) {
  private static final Pattern FIELD =
      Pattern.compile(
          "(?m)^(#>|#=|apiVersion:|kind:) ?(.*)$|^ {0,10}name: (\\S+)$|[{]name: ([^,}]+)");

  /** One object, and the header and line that are printed of it. */
  record Entry(String apiVersion, String kind, String name, String header, String row) {
    /** Checks one table of one line. */
    void matches(String table) {
      var lines = table.lines().map(line -> line.strip().replaceAll(" {2,}", " ")).toList();
      assertThat(lines).as(kind).hasSize(2);
      assertThat(lines.getFirst()).as(kind).isEqualTo(header);
      assertThat(lines.get(1).substring(lines.get(1).indexOf(' ') + 1))
          .as(kind)
          .matches(row.replace("AGE", "\\d+[smhd](\\d+[smhd])?"));
    }
  }

  /**
   * Writes the manifest with names of its own.
   *
   * @param version ends the names
   * @param number makes addresses of their own, from 2 to 250
   */
  static KubectlManifest write(Path file, String version, int number) throws IOException {
    var csr = Csr.create(new Subject("jane"), SubjectAltNames.NONE, KeyPairs.generate());
    try (var in = KubectlManifest.class.getResourceAsStream("scenario.yaml")) {
      var text =
          new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .replace("$V", version)
              .replace("$N", String.valueOf(number))
              .replace(
                  "$CSR",
                  Base64.getEncoder().encodeToString(csr.getBytes(StandardCharsets.US_ASCII)));
      Files.writeString(file, text);
      return new KubectlManifest(
          file,
          java.util.Arrays.stream(text.split("\n---\n", -1))
              .skip(1)
              .map(KubectlManifest::entry)
              .toList());
    }
  }

  private static Entry entry(String document) {
    var fields = new java.util.HashMap<String, String>();
    var matcher = FIELD.matcher(document);
    while (matcher.find()) {
      if (matcher.group(1) != null) {
        fields.putIfAbsent(matcher.group(1), matcher.group(2));
      } else {
        fields.putIfAbsent("name", matcher.group(3) == null ? matcher.group(4) : matcher.group(3));
      }
    }
    return new Entry(
        fields.get("apiVersion:"),
        fields.get("kind:"),
        fields.get("name"),
        fields.get("#>"),
        fields.get("#="));
  }

  /** Writes a copy in which something is different. */
  KubectlManifest with(String suffix, String from, String to) throws IOException {
    var changed = Path.of(file + "." + suffix);
    var text = Files.readString(file);
    assertThat(text).contains(from);
    Files.writeString(changed, text.replace(from, to));
    return new KubectlManifest(changed, entries);
  }

  /** Checks what {@code get -o wide} printed of all, a table for each. */
  void matches(String printed) {
    var tables = printed.strip().split("\n\n", -1);
    assertThat(tables).hasSameSizeAs(entries);
    for (var i = 0; i < tables.length; i++) {
      entries.get(i).matches(tables[i]);
    }
  }
}
