package io.hubspoke.apiserver;

import io.hubspoke.apiserver.authn.RequestHeaderOptions;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** The flags about an authenticating front proxy. */
final class RequestHeaderFlags {
  @Option(
      names = "--requestheader-client-ca-file",
      paramLabel = "FILE",
      description = "Authority of front proxies, which are believed who a request is from.")
  private Path clientCaFile;

  @Option(
      names = "--requestheader-allowed-names",
      split = ",",
      paramLabel = "NAME",
      description = "Common names of front proxies (default: any that the authority has signed).")
  private List<String> allowedNames = List.of();

  @Option(
      names = "--requestheader-username-headers",
      split = ",",
      defaultValue = "X-Remote-User",
      paramLabel = "HEADER",
      description = "Headers with the user's name (default: ${DEFAULT-VALUE}).")
  private List<String> usernameHeaders;

  @Option(
      names = "--requestheader-uid-headers",
      split = ",",
      defaultValue = "X-Remote-Uid",
      paramLabel = "HEADER",
      description = "Headers with the user's UID (default: ${DEFAULT-VALUE}).")
  private List<String> uidHeaders;

  @Option(
      names = "--requestheader-group-headers",
      split = ",",
      defaultValue = "X-Remote-Group",
      paramLabel = "HEADER",
      description = "Headers with the user's groups (default: ${DEFAULT-VALUE}).")
  private List<String> groupHeaders;

  @Option(
      names = "--requestheader-extra-headers-prefix",
      split = ",",
      defaultValue = "X-Remote-Extra-",
      paramLabel = "PREFIX",
      description = "Beginnings of headers with what else is known (default: ${DEFAULT-VALUE}).")
  private List<String> extraHeaderPrefixes;

  /** Returns what they say; throws IllegalArgumentException when they contradict each other. */
  RequestHeaderOptions options() {
    return new RequestHeaderOptions(
        clientCaFile, allowedNames, usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes);
  }
}
