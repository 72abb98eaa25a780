#include <cstdio>

int main() {
    std::puts("surged " SURGED_VERSION);
    return 0;
}
