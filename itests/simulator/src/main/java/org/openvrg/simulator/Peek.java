package org.openvrg.simulator;

import java.lang.reflect.Field;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Reads a private field, so that the product needs no door for its judge. Stateless. */
public final class Peek {
    private static final Map<Key, Field> FIELDS = new ConcurrentHashMap<>();

    private record Key(Class<?> type, String name) {}

    private Peek() {}

    private static Field find(Key key) {
        try {
            Field field = key.type.getDeclaredField(key.name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException(key.type.getSimpleName() + " has no field " + key.name, e);
        }
    }

    /** The value of a field. */
    public static <T> T at(Object object, String name, Class<T> type) {
        try {
            Field field = FIELDS.computeIfAbsent(new Key(object.getClass(), name), Peek::find);
            return type.cast(field.get(object));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("field " + name + " can't be read", e);
        }
    }
}
