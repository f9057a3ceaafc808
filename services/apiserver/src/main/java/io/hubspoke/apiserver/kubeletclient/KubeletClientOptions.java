package io.hubspoke.apiserver.kubeletclient;

import io.hubspoke.api.AddressRange;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How the apiserver reaches kubelets; names are those of its flags.
 *
 * @param clientCertificate {@code --kubelet-client-certificate}; null to present none
 * @param clientKey {@code --kubelet-client-key}
 * @param certificateAuthority {@code --kubelet-certificate-authority}; null leaves serving
 *     certificates unverified, which is Kubernetes' default
 * @param preferredAddressTypes {@code --kubelet-preferred-address-types}
 * @param timeout {@code --kubelet-timeout}, for connecting
 * @param localAddress the address to dial from; null for the system's choice
 * @param loopbackRanges loopback and link-local addresses that nodes may have all the same
 */
public record KubeletClientOptions(
    Path clientCertificate,
    Path clientKey,
    Path certificateAuthority,
    List<String> preferredAddressTypes,
    Duration timeout,
    String localAddress,
    List<AddressRange> loopbackRanges) {

  public static final List<String> DEFAULT_ADDRESS_TYPES =
      List.of("Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP");

  /** Where nodes and control planes live when everything is on one machine. */
  public static final List<AddressRange> LAB_RANGES =
      List.of(AddressRange.parse("127.0.10.0/24"), AddressRange.parse("127.10.0.0/16"));

  /** Kubernetes' defaults: no client certificate, no verification. */
  public static final KubeletClientOptions DEFAULT =
      new KubeletClientOptions(
          null, null, null, DEFAULT_ADDRESS_TYPES, Duration.ofSeconds(5), null, LAB_RANGES);

  public KubeletClientOptions {
    preferredAddressTypes = List.copyOf(preferredAddressTypes);
    loopbackRanges = List.copyOf(loopbackRanges);
  }

  /** Presents this certificate to kubelets. */
  public KubeletClientOptions withClient(Path certificate, Path key) {
    return new KubeletClientOptions(
        certificate,
        key,
        certificateAuthority,
        preferredAddressTypes,
        timeout,
        localAddress,
        loopbackRanges);
  }

  /** Verifies kubelets' serving certificates by this authority; null for not at all. */
  public KubeletClientOptions withCertificateAuthority(Path authority) {
    return new KubeletClientOptions(
        clientCertificate,
        clientKey,
        authority,
        preferredAddressTypes,
        timeout,
        localAddress,
        loopbackRanges);
  }

  public KubeletClientOptions withPreferredAddressTypes(List<String> types) {
    return new KubeletClientOptions(
        clientCertificate,
        clientKey,
        certificateAuthority,
        types,
        timeout,
        localAddress,
        loopbackRanges);
  }

  public KubeletClientOptions withLocalAddress(String address) {
    return new KubeletClientOptions(
        clientCertificate,
        clientKey,
        certificateAuthority,
        preferredAddressTypes,
        timeout,
        address,
        loopbackRanges);
  }

  /** Lets nodes have these loopback addresses. */
  public KubeletClientOptions withLoopbackRanges(List<AddressRange> ranges) {
    return new KubeletClientOptions(
        clientCertificate,
        clientKey,
        certificateAuthority,
        preferredAddressTypes,
        timeout,
        localAddress,
        ranges);
  }
}
