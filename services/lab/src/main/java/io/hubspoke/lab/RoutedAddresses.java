package io.hubspoke.lab;

/**
 * Where the parts of one mesh live when each machine of it has a network of its own. Wires stand on
 * the way of packets, so that nodes and pods listen where they are said to be; the control plane
 * advertises addresses that are the wires' alone.
 *
 * <p>Block 0: the control plane on {@code 10.0.10.x}, its wires on {@code 10.0.11.x}; nodes on
 * {@code 10.32.x.y}, pods on {@code 10.64.x.y}, services on {@code 10.96.x.y}.
 */
record RoutedAddresses(int block) implements Addresses {
  /** All of it, in every block. */
  static final String ALL = "10.0.0.0/8";

  /** As many meshes share a segment. */
  static final int BLOCKS = 32;

  private String controlPlane(int host) {
    return "10.%d.10.%d".formatted(block, host);
  }

  private String uplink(int host) {
    return "10.%d.11.%d".formatted(block, host);
  }

  @Override
  public String unused() {
    return controlPlane(253);
  }

  @Override
  public String apiserver() {
    return controlPlane(1);
  }

  @Override
  public String scheduler() {
    return controlPlane(2);
  }

  @Override
  public String controllerManager() {
    return controlPlane(3);
  }

  @Override
  public String konnectivityServer() {
    return controlPlane(4);
  }

  @Override
  public String nodesUplink() {
    return uplink(1);
  }

  @Override
  public String schedulerUplink() {
    return uplink(2);
  }

  @Override
  public String controllerManagerUplink() {
    return uplink(3);
  }

  @Override
  public String konnectivityUplink() {
    return uplink(4);
  }

  @Override
  public String nodeAdvertises(int n) {
    return "10.%d.%d.%d".formatted(32 + block, n / 250, n % 250 + 1);
  }

  @Override
  public String nodeListens(int n) {
    return nodeAdvertises(n);
  }

  @Override
  public String nodeRange() {
    return "10.%d.0.0/16".formatted(32 + block);
  }

  @Override
  public String podRange() {
    return "10.%d.0.0/16".formatted(64 + block);
  }

  @Override
  public String podCidr(int n) {
    return "10.%d.%d.0/24".formatted(64 + block, n % 250);
  }

  /** Nowhere else than they are said to be. */
  @Override
  public String podListenCidr(int n) {
    return "";
  }

  @Override
  public String serviceRange() {
    return "10.%d.0.0/16".formatted(96 + block);
  }

  @Override
  public String kubernetesService() {
    return "10.%d.0.1".formatted(96 + block);
  }

  @Override
  public String listensBehind(String advertised) {
    return advertised;
  }

  @Override
  public String stranger() {
    return nodeAdvertises(NODES);
  }

  @Override
  public String onSegment() {
    return "10.%d.255.1".formatted(32 + block);
  }
}
