package io.hubspoke.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FollowedFilesTest {
  @Test
  void thousandsOfFollowersInAProcessLookLessOften() {
    assertThat(FollowedFiles.period(1000, 10)).isEqualTo(1000);
    assertThat(FollowedFiles.period(1000, 500)).isEqualTo(1000);
    assertThat(FollowedFiles.period(1000, 5000)).isEqualTo(10_000);
  }
}
