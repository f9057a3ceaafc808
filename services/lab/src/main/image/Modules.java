import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.module.ModuleFinder;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.ZipFile;

/**
 * Prints which modules of the platform the classes of jars refer to, for jlink: {@code java
 * Modules.java A.jar B.jar}. Unlike jdeps it takes jars as a class path has them, and a second.
 */
final class Modules {
  private Modules() {}

  public static void main(String[] jars) throws IOException {
    var modules = new HashMap<String, String>();
    for (var module : ModuleFinder.ofSystem().findAll()) {
      module.descriptor().packages().forEach(p -> modules.put(p, module.descriptor().name()));
    }
    var needed = new TreeSet<String>();
    for (var jar : jars) {
      try (var file = new ZipFile(jar)) {
        for (var entries = file.entries(); entries.hasMoreElements(); ) {
          var entry = entries.nextElement();
          if (entry.getName().endsWith(".class") && !entry.getName().endsWith("module-info.class")) {
            try (var in = file.getInputStream(entry)) {
              addTo(needed, in.readAllBytes(), modules);
            }
          }
        }
      }
    }
    System.out.println(String.join("\n", needed));
  }

  private static void addTo(TreeSet<String> needed, byte[] bytes, Map<String, String> modules) {
    for (var constant : ClassFile.of().parse(bytes).constantPool()) {
      if (constant instanceof ClassEntry named) {
        // Of an array, what its elements are.
        var name = named.asInternalName().replaceFirst("^\\[+L?", "");
        var end = name.lastIndexOf('/');
        var module = end < 0 ? null : modules.get(name.substring(0, end).replace('/', '.'));
        if (module != null) {
          needed.add(module);
        }
      }
    }
  }
}
