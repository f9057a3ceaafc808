package io.hubspoke.lab;

/**
 * Where the parts of one lab live on loopback; labs that run beside each other take different
 * blocks.
 *
 * <p>Block 0: the control plane on {@code 127.0.10.x}, its wires on {@code 127.0.11.x}; nodes
 * advertise {@code 127.10.x.y}, which is their wire's, and listen on {@code 127.11.x.y}; pods are
 * on {@code 127.20.x.y}, and listen on {@code 127.70.x.y} where a wire stands before them; services
 * are on {@code 127.96.x.y}. The next blocks follow.
 *
 * <p>A large lab has no wires, which would be two more sockets for each connection: whoever
 * connects goes to the apiserver itself, nodes listen where they advertise, and their pods are in
 * the upper half of {@code 127.0.0.0/8}, which holds the networks of some thousands.
 *
 * @param host where the apiserver is when that is no address of loopback; empty otherwise
 */
record LoopbackAddresses(int block, boolean large, String host) implements Addresses {
  /** As many labs run beside each other. */
  static final int BLOCKS = 16;

  /** As many of them can be large: those of the first blocks. */
  static final int LARGE_BLOCKS = 4;

  /** The nodes of a large lab, each with a network of 128 addresses for its pods. */
  static final int LARGE_NODES = 16_000;

  /** A lab with wires. */
  LoopbackAddresses(int block) {
    this(block, false);
  }

  /** A lab on this machine alone. */
  LoopbackAddresses(int block, boolean large) {
    this(block, large, "");
  }

  /** The same, whose apiserver has an address of this machine that others reach. */
  LoopbackAddresses at(String reachable) {
    return new LoopbackAddresses(block, large, reachable);
  }

  /** An address of the block that nobody serves on; who has bound it has the block. */
  String guard() {
    return "127.0.%d.254".formatted(10 + 2 * block);
  }

  @Override
  public String unused() {
    return "127.0.%d.253".formatted(10 + 2 * block);
  }

  /** The first of two /16 networks of nodes: 127.10 to 127.19, then 127.40 to 127.61. */
  private int nodeNetwork() {
    return (block < 5 ? 10 : 30) + 2 * block;
  }

  @Override
  public String apiserver() {
    return host.isEmpty() ? apiserverOnLoopback() : host;
  }

  private String apiserverOnLoopback() {
    return "127.0.%d.1".formatted(10 + 2 * block);
  }

  @Override
  public String scheduler() {
    return "127.0.%d.2".formatted(10 + 2 * block);
  }

  @Override
  public String controllerManager() {
    return "127.0.%d.3".formatted(10 + 2 * block);
  }

  @Override
  public String nodesUplink() {
    return large ? apiserver() : "127.0.%d.1".formatted(11 + 2 * block);
  }

  @Override
  public String schedulerUplink() {
    return large ? apiserver() : "127.0.%d.2".formatted(11 + 2 * block);
  }

  @Override
  public String controllerManagerUplink() {
    return large ? apiserver() : "127.0.%d.3".formatted(11 + 2 * block);
  }

  @Override
  public String konnectivityServer() {
    return "127.0.%d.4".formatted(10 + 2 * block);
  }

  @Override
  public String konnectivityUplink() {
    return "127.0.%d.4".formatted(11 + 2 * block);
  }

  @Override
  public String nodeAdvertises(int n) {
    return "127.%d.%d.%d".formatted(nodeNetwork(), n / 250, n % 250 + 1);
  }

  @Override
  public String nodeListens(int n) {
    return large
        ? nodeAdvertises(n)
        : "127.%d.%d.%d".formatted(nodeNetwork() + 1, n / 250, n % 250 + 1);
  }

  @Override
  public String nodeRange() {
    return "127.%d.0.0/16".formatted(nodeNetwork());
  }

  @Override
  public String podRange() {
    return large
        ? "127.%d.0.0/11".formatted(largePodNetwork())
        : "127.%d.0.0/16".formatted(20 + block);
  }

  @Override
  public String podCidr(int n) {
    return large
        ? "127.%d.%d.%d/25".formatted(largePodNetwork() + n / 512, n / 2 % 256, n % 2 * 128)
        : "127.%d.%d.0/24".formatted(20 + block, n % 250);
  }

  @Override
  public String podListenCidr(int n) {
    return "127.%d.%d.0/24".formatted(70 + block, n % 250);
  }

  @Override
  public String serviceRange() {
    return "127.%d.0.0/16".formatted(96 + block);
  }

  @Override
  public String kubernetesService() {
    return "127.%d.0.1".formatted(96 + block);
  }

  @Override
  public String listensBehind(String advertised) {
    var parts = advertised.split("\\.", -1);
    var network = Integer.parseInt(parts[1]);
    parts[1] = String.valueOf(network == nodeNetwork() ? network + 1 : network + 50);
    return String.join(".", parts);
  }

  /** The first of 32 /16 networks: 127.128, 127.160, 127.192 or 127.224. */
  private int largePodNetwork() {
    return 128 + 32 * block;
  }

  @Override
  public String stranger() {
    return nodeListens(NODES);
  }

  /** A node's: everything answers to everybody here. */
  @Override
  public String onSegment() {
    return nodeAdvertises(1);
  }
}
