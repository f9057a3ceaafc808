package io.hubspoke.kubelet.volumes;

/** A file of a volume. */
final class VolumeFile {
  private final byte[] content;
  private final int mode;
  private final long uid;

  /**
   * Describes a file.
   *
   * @param content not changed any more
   * @param mode permission bits
   * @param uid its owner, or -1 for the kubelet's own user
   */
  VolumeFile(byte[] content, int mode, long uid) {
    this.content = content;
    this.mode = mode;
    this.uid = uid;
  }

  byte[] content() {
    return content;
  }

  int mode() {
    return mode;
  }

  long uid() {
    return uid;
  }
}
